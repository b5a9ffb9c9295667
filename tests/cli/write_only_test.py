#!/usr/bin/python3
"""The host writes and cannot read: whoever has all of it and the medium, but no kit, finds nothing.

Canaries stand in names, contents, links, attributes, what commands print and say, and in what
cannot be read. After each stage of a run (killed, spooled, written) the whole site, the medium,
the temporary folder and all that was printed are searched for them.
"""
import base64
import ctypes
import os
import shutil
import signal

from azekura_case import (AUTHENTICITY, INCOMPLETE, USAGE, AzekuraCase, main, text_bytes,
                          without_privileges)

KEY_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
STREAM_BYTES = 700_000
ZSTD_LEVELS = (1, 2, 3, 4, 5, 6, 9, 12, 19)


def key_bytes(text):
    """The 32 bytes of a line of a recovery key; docs/format.md has the encoding."""
    number = 0
    for character in text.replace("-", ""):
        number = number << 5 | KEY_ALPHABET.index(character)
    bits = 5 * len(text.replace("-", ""))
    return (number >> (bits - 256)).to_bytes(32, "big")


def forms_of(secret):
    """A canary as it is and as programs like to write it."""
    return {secret, secret.hex().encode(), secret.hex().upper().encode(),
            base64.b64encode(secret)[:-4], secret.decode("latin-1").encode("utf-16-le")}


def compress(content, level):
    """As the engine's own library does it."""
    room = ctypes.create_string_buffer(len(content) + 1024)
    size = ctypes.CDLL("libzstd.so.1").ZSTD_compress(room, ctypes.c_size_t(len(room)), content,
                                                     ctypes.c_size_t(len(content)), level)
    return room.raw[:size]


def first_compressed_bytes(content):
    """What zstd makes of the first block of a content, at the levels anybody uses."""
    return {compress(content[:600_000], level)[64:160] for level in ZSTD_LEVELS}


class WriteOnly(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()
        self.medium = self.add_set()
        self.said = []
        self.needles = {}
        self.make_sources()
        self.prefix = without_privileges()

    def canary(self, name, size=16):
        """Text that is nowhere else, and that the search looks for."""
        secret = self.random.randbytes(size).hex().encode()
        self.needles.update((form, name) for form in forms_of(secret))
        return secret.decode()

    def make_sources(self):
        tree = self.home / "tree"
        self.tree = tree
        folder = tree / self.canary("folder's name")
        folder.mkdir(parents=True)
        (folder / self.canary("file's name")).write_text(self.canary("content") + "\n")
        (tree / "file").write_bytes(self.canary("file's begin").encode() +
                                    text_bytes(self.random, 300_000))
        (tree / "noise").write_bytes(self.canary("noise's begin").encode() +
                                     self.random.randbytes(300_000))
        (tree / self.canary("link's name")).symlink_to(self.canary("link's target"))
        with open(tree / "file", "rb") as file:
            self.has_attributes = True
            try:
                os.setxattr(file.fileno(), "user." + self.canary("attribute's name"),
                            self.canary("attribute's value").encode())
            except OSError:
                self.has_attributes = False
        closed = folder / self.canary("unreadable folder's name")
        closed.mkdir()
        (closed / self.canary("name inside an unreadable folder")).write_text("")
        unreadable = folder / self.canary("unreadable file's name")
        unreadable.write_text(self.canary("unreadable file's content"))
        unreadable.chmod(0)
        closed.chmod(0)
        stream = self.home / "stream"
        content = text_bytes(self.random, STREAM_BYTES)
        stream.write_bytes(self.canary("stream's begin").encode() + content)
        stderr = self.home / "stderr"
        stderr.write_text(self.canary("what the command says") + "\n")
        for needle in first_compressed_bytes(stream.read_bytes()):
            self.needles[needle] = "stream, compressed"
        for needle in first_compressed_bytes((tree / "noise").read_bytes()):
            self.needles[needle] = "noise, compressed"
        self.at_site("source", "add", "tree", tree)
        self.add_command("ehr", f"cat '{stream}'; cat '{stderr}' >&2; exit 4")

    def secrets(self):
        """The kit's secrets, in bytes and as text."""
        found = {}
        for line in self.key.read_text().splitlines()[2:]:
            name, text = line.split()
            found.update((form, f"{name} key") for form in forms_of(key_bytes(text)))
            found[text.encode()] = f"{name} key as text"
            found[text[:23].encode()] = f"{name} key's begin as text"
        return found

    def run_and_keep(self, *arguments, code):
        ended = self.run_program([*self.prefix, self.azekura_program, "-s", self.site, *arguments],
                                 code)
        self.said += [ended.out, ended.err]

    def haystacks(self):
        """Everything there is but the sources and the kit: names, contents, attributes."""
        with open(self.restore_program, "rb") as program:
            unchanged_program = program.read()
        for number, said in enumerate(self.said):
            yield f"output {number}", said
        for root in (self.site, self.medium, self.temporary):
            for folder, folders, files in os.walk(root):
                for name in folders + files:
                    path = os.path.join(folder, name)
                    yield f"name {path}", os.fsencode(path)
                    for attribute in os.listxattr(path, follow_symlinks=False):
                        yield path, attribute.encode()
                        yield path, os.getxattr(path, attribute, follow_symlinks=False)
                for name in files:
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        content = file.read()
                    if content != unchanged_program:
                        yield path, content

    def find_leaks(self, needles):
        return sorted({f"{what} in {where}" for where, bytes_there in self.haystacks()
                       for needle, what in needles.items() if needle in bytes_there})

    def assert_no_leak(self):
        self.assertEqual(self.find_leaks({**self.needles, **self.secrets()}), [])

    def test_the_search_finds_what_leaks(self):
        """A search that cannot find proves nothing: every canary, planted, is found."""
        planted = self.temporary / "planted"
        for needle in {**self.needles, **self.secrets()}:
            planted.write_bytes(b"\0" * 100 + needle + b"\0" * 100)
            self.assertNotEqual(self.find_leaks({needle: "planted"}), [])
        planted.write_bytes(compress((self.home / "stream").read_bytes(), 3))
        self.assertIn(f"stream, compressed in {planted}", self.find_leaks(self.needles))

    def test_nothing_is_found_at_any_stage(self):
        gate = self.add_gate()
        run = self.start_at_site("backup", "--for", "daily")
        with self.open_gate(gate, run) as held:
            held.write(self.canary("half a stream").encode() * 20_000)
            run.signal(signal.SIGSTOP)
            self.assert_no_leak()
            run.signal(signal.SIGKILL)
            ended = run.wait()
        self.said += [ended.out, ended.err]
        self.assert_no_leak()
        for stage in (["backup", "tree", "ehr", "--for", "daily"],
                      ["backup", "tree", "ehr", "--to", "daily", "--json"],
                      ["backup", "tree", "ehr", "--to", "daily"]):
            self.run_and_keep(*stage, code=INCOMPLETE)
            self.assert_no_leak()
        self.run_and_keep("status", code=0)
        self.said.append(self.verify().out)
        self.assert_no_leak()
        # All that was hidden is there for whoever has the kit.
        found = self.azekura("ls", "-R", "latest", *self.keyed(), code=None)
        self.assertNotEqual(found.code, 0)  # none of the snapshots is complete
        names = self.azekura("find", *self.keyed()).out
        listed = self.azekura("list", *self.keyed()).out
        for needle, what in self.needles.items():
            if what in ("folder's name", "file's name", "link's name", "unreadable file's name",
                        "unreadable folder's name") and needle.isalnum() and len(needle) == 32:
                self.assertIn(needle, names, what)
            if what == "what the command says" and needle.isalnum() and len(needle) == 32:
                self.assertIn(needle, listed)

    def test_attributes_were_among_the_canaries(self):
        if not self.has_attributes:
            self.skipTest("the temporary folder's file system has no extended attributes")


class HostWithoutKit(AzekuraCase):
    """All of the host and all of the medium open nothing."""

    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()
        self.stolen = self.home / "stolen"
        shutil.copytree(self.site, self.stolen)

    def assert_opens_nothing(self, key, *command):
        ended = self.azekura(*command, *self.keyed(key=key), code=None)
        self.assertIn(ended.code, (USAGE, AUTHENTICITY), ended)
        self.assertEqual(ended.out, b"", ended)
        self.assertFalse((self.home / "out").exists())

    def test_no_file_of_the_host_or_the_medium_is_a_key(self):
        for root in (self.stolen, self.medium):
            files = [path for path in root.rglob("*") if path.is_file()]
            self.assertGreater(len(files), 5)
            for path in files:
                with self.subTest(path=path):
                    self.assert_opens_nothing(path, "list")

    def test_no_key_of_the_host_opens_the_medium(self):
        keys = list((self.stolen / "keys").iterdir())
        self.assertGreater(len(keys), 1)
        for path in keys:
            for command in (["ls", "1/tree"], ["cat", "1/tree", "note.txt"], ["verify", "--deep"],
                            ["restore", "1/tree", "--target", self.home / "out"]):
                self.assert_opens_nothing(path, *command)

    def test_another_site_s_kit_opens_nothing(self):
        kit = self.home / "other-kit"
        self.azekura("init", self.home / "other", "--kit", kit)
        for command in (["list"], ["find"], ["ls", "1/tree"], ["cat", "1/tree", "table.sql"],
                        ["du", "1/tree"], ["verify", "--deep"],
                        ["restore", "1/tree", "--target", self.home / "out"]):
            ended = self.azekura(*command, *self.keyed(key=kit / "recovery.key"), code=None)
            self.assertEqual(ended.code, AUTHENTICITY, ended)
            self.assertNotIn(b"table.sql", ended.out + ended.err)
        self.assertFalse((self.home / "out").exists())

    def test_reading_commands_do_not_go_on_without_a_key(self):
        for command in (["list"], ["find"], ["ls", "1/tree"], ["du", "1/tree"],
                        ["restore", "1/tree", "--target", self.home / "out"]):
            self.assert_fails(USAGE, "--key is required", *command, "--from", self.medium, out="",
                              hint="see 'azekura --help'")


if __name__ == "__main__":
    main()
