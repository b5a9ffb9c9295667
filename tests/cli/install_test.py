#!/usr/bin/python3
"""What `meson install` puts where: install_test.py BUILD PREFIX [unittest's options and test names]

BUILD is a whole build. Everything is installed below a folder of its own; the units are judged by
systemd's own tools."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ["azekura", "azekura-restore"]
SERVICES = ["azekura-alarm@.service", "azekura-capture.service", "azekura-watch.service",
            "azekura-write.service"]
TIMERS = ["azekura-nightly.timer", "azekura-watch.timer"]
UNITS = "lib/systemd/system"
EXPECTED = {
    *(f"bin/{program}" for program in PROGRAMS),
    *(f"share/bash-completion/completions/{program}.bash" for program in PROGRAMS),
    *(f"share/zsh/site-functions/_{program}" for program in PROGRAMS),
    *(f"share/fish/vendor_completions.d/{program}.fish" for program in PROGRAMS),
    "share/man/man1/azekura.1",
    "share/man/man5/azekura-format.5",
    *(f"{UNITS}/{unit}" for unit in SERVICES + TIMERS),
    "lib/udev/rules.d/61-azekura.rules",
}
EXPOSURE_MAX = 20  # tenths, as systemd-analyze counts: 2.0


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=120)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.prefix = cls.root / PREFIX.lstrip("/")
        installed = run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir",
                        folder.name)
        if installed.returncode != 0:
            raise AssertionError(installed.stdout + installed.stderr)

    def units(self, names):
        return [self.prefix / UNITS / name for name in names]

    def settings(self, name):
        """By name; of those given twice, the last."""
        lines = (self.prefix / UNITS / name).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and line[0] not in "#[")

    def need(self, program):
        if shutil.which(program) is None:
            self.skipTest(f"no {program}")

    def test_every_file_is_in_its_place_and_no_other(self):
        found = {str(path.relative_to(self.prefix))
                 for path in self.root.rglob("*") if not path.is_dir()}
        self.assertEqual(found, EXPECTED)

    def test_services_run_the_installed_program(self):
        for service in SERVICES[1:]:
            command = self.settings(service)["ExecStart"]
            self.assertTrue(command.startswith(f"{PREFIX}/bin/azekura "), command)
        version = run(self.prefix / "bin/azekura", "version")
        self.assertEqual(version.returncode, 0, version.stderr)

    def test_capture_has_no_devices_and_write_no_network(self):
        capture = self.settings("azekura-capture.service")
        self.assertEqual((capture["PrivateDevices"], capture["DevicePolicy"]), ("yes", "closed"))
        self.assertNotIn("DeviceAllow", capture)
        write = self.settings("azekura-write.service")
        self.assertEqual((write["PrivateNetwork"], write["IPAddressDeny"]), ("yes", "any"))
        self.assertEqual(write["RestrictAddressFamilies"], "AF_NETLINK AF_UNIX")

    def test_whatever_fails_calls_for_somebody(self):
        for service in SERVICES[1:]:
            self.assertIn("azekura-alarm@%n.service", self.settings(service)["OnFailure"].split())
        for timer in TIMERS:
            self.assertEqual(self.settings(timer)["Persistent"], "yes", timer)

    def test_the_rule_knows_both_partitions_of_a_medium(self):
        rule = (self.prefix / "lib/udev/rules.d/61-azekura.rules").read_text()
        layout = (SOURCE_ROOT / "vault/medium_layout.h").read_text()
        types = re.findall(r"\"([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})\"", layout)
        self.assertEqual(len(types), 2)
        for one in types:
            self.assertIn(f'ENV{{ID_PART_ENTRY_TYPE}}=="{one.lower()}"', rule)

    def test_exposure_is_at_most_two(self):
        self.need("systemd-analyze")
        for unit in self.units(SERVICES):
            judged = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                         f"--threshold={EXPOSURE_MAX}", unit)
            self.assertEqual(judged.returncode, 0, judged.stdout)
            self.assertEqual(judged.stderr, "")

    def test_systemd_understands_every_line(self):
        self.need("systemd-analyze")
        copies = self.root / "copies"
        copies.mkdir()
        self.addCleanup(shutil.rmtree, copies)
        for unit in self.units(SERVICES + TIMERS):  # with the programs where they are now
            text = unit.read_text().replace(f"{PREFIX}/bin/", f"{self.prefix}/bin/")
            (copies / unit.name.replace("@.", "@x.")).write_text(text)
        judged = run("systemd-analyze", "verify", "--man=no", *sorted(copies.iterdir()))
        self.assertEqual((judged.returncode, judged.stderr), (0, ""))


if __name__ == "__main__":
    BUILD, PREFIX = sys.argv[1:3]
    del sys.argv[1:3]
    unittest.main()
