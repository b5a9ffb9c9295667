#!/usr/bin/python3
"""What a verifier says of a medium it verified deeply: signed with a key of its own, carried onto
the medium by the next write, and shown by every verification after that."""
import shutil

from azekura_case import (AUTHENTICITY, DAMAGE, REPAIRED, USAGE, AzekuraCase, change_tree, main)

NOT_SIGNED = "azekura: warning: not countersigned: something of it is lost, or there is nothing\n"


class Countersigned(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()
        self.verifier = self.home / "verifier.key"
        self.azekura("key", "verifier", self.verifier, "--key", self.key)
        self.folder = self.home / "state" / "azekura-verify"
        self.outbox = self.site / "countersignatures"

    def countersign(self, *arguments, code=0):
        return self.verify("--deep", "--key", self.key, "--countersign", self.verifier, *arguments,
                           code=code)

    def signed(self):
        return sorted(self.folder.glob("*.countersignature"))

    def hand_over(self):
        """What a person does between the two machines."""
        self.outbox.mkdir(exist_ok=True)
        for path in self.signed():
            shutil.copy(path, self.outbox)

    def on_medium(self):
        return sorted(path.name for path in (self.medium / "countersignatures").glob("*"))

    def shown(self, *arguments, code=0):
        (one,) = self.verify("--json", *arguments, code=code).events("verified")
        return one.get("countersigned")

    def test_from_the_verifier_to_the_medium(self):
        self.assertEqual(self.verifier.stat().st_mode & 0o777, 0o600)
        self.assertIsNone(self.shown())
        ended = self.countersign()
        (path,) = self.signed()
        self.assertIn(f'countersigned up to session 1: "{path}"; copy it into', ended.text)
        self.assertIsNone(self.shown())
        self.hand_over()
        change_tree(self.tree, self.random)
        self.backup()
        self.assertEqual(list(self.outbox.iterdir()), [])
        (name,) = self.on_medium()
        self.assertRegex(name, r"^000001-[0-9a-f]{16}$")
        shown = self.shown()
        self.assertEqual([shown["session"], shown["verifier"][:16]], [1, name[7:]])
        self.assertIn(f"countersigned up to session 1 by {name[7:]} on 20", self.verify().text)
        # A later one is shown instead.
        self.countersign()
        self.hand_over()
        self.at_site("write", "daily")
        self.assertEqual(len(self.on_medium()), 2)
        self.assertEqual(self.shown()["session"], 2)

    def test_only_what_is_whole_is_signed(self):
        for path in self.medium.glob("p*/**/*"):
            if path.is_file():
                path.write_bytes(b"")
        ended = self.countersign(code=DAMAGE)
        self.assertIn(NOT_SIGNED, ended.errors)
        self.assertEqual(self.signed(), [])

    def test_what_parity_brings_back_is_whole(self):
        pack = sorted(self.medium.glob("packs/*/*"))[0]
        content = pack.read_bytes()
        pack.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        self.countersign(code=REPAIRED)
        self.assertEqual(len(self.signed()), 1)

    def test_another_medium_is_not_given_it(self):
        other = self.add_set("weekly")
        self.countersign()
        self.hand_over()
        self.backup("--to", "weekly")
        self.assertEqual(len(list(self.outbox.iterdir())), 1)
        self.assertFalse((other / "countersignatures").exists())

    def test_what_is_none_is_told_and_left(self):
        self.outbox.mkdir()
        (self.outbox / "nonsense").write_bytes(b"nonsense")
        ended = self.backup()
        self.assertIn('countersignatures/nonsense" goes onto no medium: ', ended.text + ended.errors)
        self.assertEqual([path.name for path in self.outbox.iterdir()], ["nonsense"])

    def test_forged_or_damaged_on_the_medium_it_does_not_count(self):
        self.countersign()
        folder = self.medium / "countersignatures"
        folder.mkdir()
        content = bytearray(self.signed()[0].read_bytes())
        content[70] ^= 1
        (folder / "000001-0000000000000000").write_bytes(content)
        (folder / "junk").write_bytes(b"")
        ended = self.verify()
        self.assertIn('"countersignatures/000001-0000000000000000" does not count: ',
                      ended.text + ended.errors)
        self.assertIsNone(self.shown())

    def test_a_verifier_of_another_site_is_refused(self):
        self.site, self.kit, mine = self.home / "site-2", self.home / "safe" / "kit-2", self.key
        self.make_site()
        other = self.home / "other.key"
        self.azekura("key", "verifier", other, "--key", self.kit / "recovery.key")
        self.assert_fails(
            AUTHENTICITY, f'the verifier key "{other}" is not certified by this recovery key',
            "verify", "--from", self.medium, "--deep", "--key", mine, "--countersign", other,
            hint="make one with 'azekura key verifier FILE --key RECOVERY-KEY'")

    def test_it_needs_all_of_it(self):
        self.verify("--countersign", self.verifier, code=USAGE)
        self.countersign("--resume", code=USAGE)

    def test_a_key_is_not_written_over(self):
        before = self.verifier.read_bytes()
        self.azekura("key", "verifier", self.verifier, "--key", self.key, code=USAGE)
        self.assertEqual(self.verifier.read_bytes(), before)


main()
