#!/usr/bin/python3
"""azekura-restore, copied from the medium, where there is nothing else; and media that cannot be
written. What it is linked with and which processor it needs."""
import os
import shutil
import struct
import subprocess

from azekura_case import AzekuraCase, in_own_mounts, is_sanitized, main, state_of

PT_INTERP, PT_NOTE = 3, 4
EM_X86_64 = 62
GNU_PROPERTY, ISA_NEEDED, ISA_BASELINE = 5, 0xC0008002, 1


def program_headers(content):
    """(type, offset, bytes in the file) of each segment of a 64-bit little-endian ELF file."""
    offset, = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for number in range(count):
        kind, _flags, begin, _v, _p, length = struct.unpack_from("<IIQQQQ", content,
                                                                 offset + number * size)
        yield kind, begin, length


def isa_needed(content):
    """The processor's level a program says it needs: bits of GNU_PROPERTY_X86_ISA_1_NEEDED."""
    needed = 0
    for kind, at, length in program_headers(content):
        end = at + length
        while kind == PT_NOTE and at + 12 <= end:
            name_size, size, note = struct.unpack_from("<III", content, at)
            begin = at + 12 + (name_size + 3) // 4 * 4
            if note == GNU_PROPERTY and content[at + 12:at + 16] == b"GNU\0":
                part = begin
                while part < begin + size:
                    what, bytes_there = struct.unpack_from("<II", content, part)
                    if what == ISA_NEEDED:
                        needed |= struct.unpack_from("<I", content, part + 8)[0]
                    part += 8 + (bytes_there + 7) // 8 * 8
            at = begin + (size + 7) // 8 * 8
    return needed


class Program(AzekuraCase):
    def setUp(self):
        super().setUp()
        if is_sanitized():
            self.skipTest("a sanitizer's build is linked otherwise")
        with open(self.restore_program, "rb") as program:
            self.content = program.read()

    def test_is_static(self):
        self.assertEqual(self.content[:6], b"\x7fELF\x02\x01")
        self.assertEqual(struct.unpack_from("<H", self.content, 18)[0], EM_X86_64)
        kinds = {kind for kind, _begin, _length in program_headers(self.content)}
        self.assertNotIn(PT_INTERP, kinds, "it needs a dynamic linker")

    def test_says_it_needs_no_more_than_the_baseline(self):
        self.assertEqual(isa_needed(self.content) & ~ISA_BASELINE, 0)

    def test_runs_on_the_first_x86_64_processor(self):
        emulator = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
        if emulator is None:
            self.skipTest("there is no qemu-x86_64 to stand for an old processor")
        self.make_hospital()
        self.backup()
        target = self.home / "restored"
        self.run_program([emulator, "-cpu", "Opteron_G1", self.medium / "azekura-restore",
                          "restore", "latest", *self.keyed(), "--target", target])
        self.assert_same(state_of(target), state_of(self.tree))

    def test_has_no_database(self):
        self.assertNotIn(b"rocksdb", self.content.lower())


class NothingElse(AzekuraCase):
    """A root folder with the medium, the key, the program copied from it, and an empty target."""

    def setUp(self):
        super().setUp()
        if is_sanitized():
            self.skipTest("a sanitizer's build needs its libraries")
        chroot = shutil.which("chroot", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        unshare = shutil.which("unshare")
        if chroot is None or unshare is None:
            self.skipTest("there is no chroot or no unshare")
        as_ourselves = [unshare, "--map-current-user", "--keep-caps"]
        self.enter = [chroot] if os.geteuid() == 0 else [*as_ourselves, chroot]
        self.root = self.home / "root"
        self.make_hospital()
        self.add_command("ehr", "printf 'patients\\n'")
        self.backup()
        self.root.mkdir()
        shutil.copytree(self.medium, self.root / "medium")
        shutil.copyfile(self.key, self.root / "key")
        shutil.copyfile(self.medium / "azekura-restore", self.root / "azekura-restore")
        (self.root / "azekura-restore").chmod(0o755)
        (self.root / "target").mkdir()
        probe = subprocess.run([*self.enter, self.root, "/azekura-restore", "version"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if probe.stderr.startswith((b"chroot:", b"unshare:", os.fsencode(chroot) + b":")):
            self.skipTest(f"chroot is not allowed here: {probe.stderr.decode()}")
        shutil.rmtree(self.site)

    def inside(self, *arguments, code=0):
        return self.run_program([*self.enter, self.root, "/azekura-restore", *arguments], code,
                                env={}, cwd="/")

    def test_verifies_lists_and_restores(self):
        keyed = ["--from", "/medium", "--key", "/key"]
        verified = self.inside("verify", "--from", "/medium")
        self.assertTrue(verified.text.endswith(
            "every byte and every signature is as it was written\n"), verified)
        self.inside("verify", "--deep", *keyed)
        listed = self.inside("list", *keyed).text.splitlines()
        self.assertEqual([line.split()[0] for line in listed], ["1/tree", "1/ehr"])
        self.assertEqual(self.inside("cat", "latest/ehr", *keyed).out, b"patients\n")
        ended = self.inside("restore", "latest/tree", *keyed, "--target", "/target")
        self.assertEqual(ended.errors, "")
        self.assert_same(state_of(self.root / "target"), state_of(self.tree))
        self.inside("restore", "latest", *keyed, "--target", "/new")
        self.assert_same(state_of(self.root / "new" / "tree"), state_of(self.tree))
        self.assertEqual((self.root / "new" / "ehr").read_bytes(), b"patients\n")
        self.assertEqual(sorted(os.listdir(self.root)),
                         ["azekura-restore", "key", "medium", "new", "target", "var"])
        (history,) = (path for path in (self.root / "var").rglob("*") if path.is_file())
        self.assertEqual(history.parent, self.root / "var" / "lib" / "azekura-verify")

    def test_its_help_and_version(self):
        self.assertRegex(self.inside("version").text,
                         r"^azekura \d+\.\d+\.\d+, vault format 1\nreads media confined: .+\n$")
        self.assertIn("restore", self.inside("--help").text)


class ReadOnly(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()

    def read_all(self, prefix):
        target = self.home / "restored"
        for command in (["verify"], ["verify", "--deep", "--key", self.key],
                        ["list", "--key", self.key],
                        ["restore", "latest", "--key", self.key, "--target", target]):
            ended = self.run_program([*prefix, self.restore_program, *command, "--from",
                                      self.medium])
            self.assertEqual(ended.errors, "")
        self.assert_same(state_of(target), state_of(self.tree))

    def test_a_read_only_file_system(self):
        self.read_all(in_own_mounts(f"mount --bind '{self.medium}' '{self.medium}'",
                                    f"mount -o remount,bind,ro '{self.medium}'"))

    def test_as_a_user_who_may_only_read(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            self.skipTest("needs root and setpriv to become somebody else")
        self.home.chmod(0o755)
        for path in [self.medium, *self.medium.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        self.kit.parent.chmod(0o755)
        self.kit.chmod(0o755)
        self.key.chmod(0o644)
        target = self.home / "restored"
        target.mkdir(mode=0o777)
        target.chmod(0o777)
        program = self.home / "azekura-restore"
        shutil.copy(self.medium / "azekura-restore", program)
        program.chmod(0o755)
        if is_sanitized():
            program = self.restore_program
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        self.run_program([*nobody, program, "verify", "--from", self.medium])
        ended = self.run_program([*nobody, program, "restore", "latest", *self.keyed(),
                                  "--target", target])
        self.assertEqual(ended.errors, "azekura-restore: warning: not all owners, modes or "
                                       "attributes can be set; --json names each\n")
        found = state_of(target)
        wanted = state_of(self.tree)
        self.assertEqual({path: facts[5] for path, facts in found.items()},
                         {path: facts[5] for path, facts in wanted.items()})
        del found[b"."]  # it was there before
        self.assertEqual({facts[1:3] for facts in found.values()}, {(65534, 65534)})


if __name__ == "__main__":
    main()
