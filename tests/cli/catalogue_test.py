#!/usr/bin/python3
"""The catalogue is a cache: deleted, garbled, another set's or an old one, it costs time only."""
import shutil

from azekura_case import DONE, AzekuraCase, change_tree, main, state_of


class Catalogue(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.catalogue = self.site / "catalogue" / "daily"
        self.states = {}
        self.acknowledge()

    def acknowledge(self, *arguments):
        """A backup that ends with 0; what it named must restore from then on."""
        ended = self.backup("--json", *arguments)
        name = ended.events("snapshot")[-1]["name"]
        self.states[name] = state_of(self.tree)
        return ended

    def change(self):
        change_tree(self.tree, self.random)

    def assert_next_run_is_right(self):
        """The run after the mischief is done, and everything acknowledged restores."""
        self.change()
        ended = self.acknowledge()
        self.assert_all_restore(self.states)
        return ended

    def files(self):
        return sorted(path for path in self.catalogue.iterdir() if path.is_file())

    def test_deleted(self):
        shutil.rmtree(self.catalogue)
        ended = self.assert_next_run_is_right()
        self.assertIn("azekura: learning sessions 1 to 1 from the medium\n", ended.errors)
        parity = sum(path.stat().st_size for path in (self.medium / "parity" / "000002").iterdir())
        self.assertLess(ended.objects()[-1]["stored_bytes"] - parity, 200_000,
                        "it did not learn the chunks")

    def test_all_catalogues_deleted(self):
        shutil.rmtree(self.site / "catalogue")
        self.assert_next_run_is_right()

    def test_emptied(self):
        for path in self.files():
            path.write_bytes(b"")
        self.assert_next_run_is_right()

    def test_garbled(self):
        for path in self.files():
            path.write_bytes(self.random.randbytes(path.stat().st_size))
        self.assert_next_run_is_right()

    def test_each_file_garbled_in_turn(self):
        kinds = {path.name.split("-")[0].split(".")[-1] for path in self.files()}
        for kind in sorted(kinds):
            with self.subTest(kind=kind):
                for path in self.files():
                    if path.name.split("-")[0].split(".")[-1] == kind:
                        path.write_bytes(self.random.randbytes(path.stat().st_size))
                self.assert_next_run_is_right()

    def test_single_bytes_flipped(self):
        for number in range(8):
            with self.subTest(number=number):
                path = self.random.choice([one for one in self.files() if one.stat().st_size])
                content = bytearray(path.read_bytes())
                for _ in range(20):
                    content[self.random.randrange(len(content))] ^= 1 << self.random.randrange(8)
                path.write_bytes(content)
                self.assert_next_run_is_right()

    def test_swapped_with_another_set_s(self):
        weekly = self.add_set("weekly")
        self.change()
        self.backup("--to", "weekly")
        other = self.site / "catalogue" / "weekly"
        spare = self.home / "spare"
        self.catalogue.rename(spare)
        other.rename(self.catalogue)
        spare.rename(other)
        self.assert_next_run_is_right()
        self.backup("--to", "weekly")
        self.assert_all_restore({"2/tree": state_of(self.tree)}, medium=weekly)

    def test_another_set_s_in_place_of_the_first_one(self):
        weekly = self.add_set("weekly")
        shutil.copytree(self.catalogue, self.site / "catalogue" / "weekly", dirs_exist_ok=True)
        self.backup("--to", "weekly")
        self.assert_all_restore({"1/tree": state_of(self.tree)}, medium=weekly)

    def older_copy(self):
        older = self.home / "older"
        shutil.copytree(self.catalogue, older)
        return older

    def put_back(self, older):
        shutil.rmtree(self.catalogue)
        shutil.copytree(older, self.catalogue)

    def test_an_older_copy(self):
        older = self.older_copy()
        self.change()
        self.acknowledge()
        self.put_back(older)
        self.assert_next_run_is_right()

    def test_an_older_copy_and_nothing_changed_since(self):
        older = self.older_copy()
        self.change()
        self.acknowledge()
        self.put_back(older)
        self.acknowledge()
        self.assert_all_restore(self.states)

    def test_a_much_older_copy(self):
        older = self.older_copy()
        for _ in range(3):
            self.change()
            self.acknowledge()
        self.put_back(older)
        self.assert_next_run_is_right()

    def test_an_older_copy_while_a_session_waits(self):
        """What waits follows a session that the catalogue does not know."""
        for changes in (True, False):
            with self.subTest(changes=changes):
                older = self.older_copy()
                self.change()
                self.acknowledge()
                if changes:
                    self.change()
                self.backup("--for", "daily")
                self.put_back(older)
                shutil.rmtree(older)
                self.assert_next_run_is_right()

    def test_deleted_while_a_session_waits(self):
        self.change()
        self.backup("--for", "daily")
        shutil.rmtree(self.catalogue)
        self.assert_next_run_is_right()

    def test_deleted_and_only_written(self):
        self.change()
        self.backup("--for", "daily")
        state = state_of(self.tree)
        shutil.rmtree(self.catalogue)
        if self.at_site("write", "daily", code=None).code == DONE:
            self.states["2/tree"] = state  # done means: what waited is on the medium
        self.assert_next_run_is_right()


class Rebuild(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()
        change_tree(self.tree, self.random)
        self.backup()

    def test_from_the_medium_with_the_host_s_key(self):
        packs = len([path for path in (self.medium / "packs").rglob("*") if path.is_file()])
        shutil.rmtree(self.site / "catalogue" / "daily")
        ended = self.at_site("catalogue", "rebuild", "daily")
        self.assertEqual(
            ended.text, f"the catalogue of 'daily' knows {packs} packs, up to session 2\n")
        last = self.backup("--json").objects()[-1]
        self.assertLess(last["stored_bytes"], 50_000, "the rebuilt catalogue knows no chunks")
        self.assert_all_restore({"3/tree": state_of(self.tree)})

    def test_as_json(self):
        packs = len([path for path in (self.medium / "packs").rglob("*") if path.is_file()])
        ended = self.at_site("catalogue", "rebuild", "daily", "--json")
        self.assertEqual(ended.objects(), [
            {"event": "catalogue", "set": "daily", "last_session": 2, "packs": packs}])

    def test_of_what_is_garbled(self):
        for path in (self.site / "catalogue" / "daily").iterdir():
            path.write_bytes(b"\xff" * path.stat().st_size)
        self.at_site("catalogue", "rebuild", "daily")
        self.backup()
        self.assert_all_restore({"3/tree": state_of(self.tree)})

    def test_keeps_what_waits(self):
        change_tree(self.tree, self.random)
        self.backup("--for", "daily")
        self.at_site("catalogue", "rebuild", "daily")
        written, = self.at_site("write", "daily", "--json").events("written")
        self.assertEqual(written["sessions"], 1)
        self.assert_all_restore({"3/tree": state_of(self.tree)})

    def test_a_medium_that_is_not_there_costs_no_catalogue(self):
        away = self.home / "away"
        self.medium.rename(away)
        self.at_site("catalogue", "rebuild", "daily", code=9)
        self.assertEqual(self.at_site("status", "--json").events("set")[0]["last_session"], 2)


if __name__ == "__main__":
    main()
