#!/usr/bin/python3
"""The sticker of a medium: card_test.py PRINT_CARD [unittest's options and test names]

What is drawn is read back by other programs: the picture as XML, the PDF's text and fonts, and the
code as a scanner reads it."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

SKIPPED = 77
NEEDED = ["pdftotext", "pdffonts", "pdfinfo", "pdftoppm", "zbarimg", "fc-list"]
SVG = "{http://www.w3.org/2000/svg}"
SERIAL = "WD<&>\"' 製造"
CODE = "AZEKURA MEDIUM 1 daily-1-1 ffeeddccbbaa99887766554433221100 00112233445566778899aabbccddeeff\n"


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, timeout=60, **options).stdout


class Card(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def print_card(self, **options):
        return subprocess.run([PRINT_CARD, "daily-1-1", "武蔵小杉病院", SERIAL, self.folder],
                              capture_output=True, timeout=60, **options)

    def test_what_is_printed_reads_back(self):
        printed = self.print_card()
        self.assertEqual((printed.returncode, printed.stderr), (0, b""))
        self.assertEqual(printed.stdout.decode(), CODE)

        picture = xml.etree.ElementTree.parse(self.folder / "card.svg").getroot()
        self.assertEqual((picture.get("width"), picture.get("height")), ("105mm", "74mm"))
        in_picture = [text.text for text in picture.iter(SVG + "text")]
        self.assertIn(f"製造番号 Serial: {SERIAL}", in_picture)
        self.assertIn("daily-1-1", in_picture)

        pdf = self.folder / "card.pdf"
        in_pdf = run("pdftotext", "-layout", pdf, "-").decode()
        for text in in_picture:
            self.assertIn(text, in_pdf)
        size = next(line for line in run("pdfinfo", pdf).decode().splitlines()
                    if line.startswith("Page size"))
        self.assertIn("297.638 x 209.764 pts", size)  # 105 x 74 mm
        fonts = run("pdffonts", pdf).decode().splitlines()
        embedded = fonts[0].index("emb")
        self.assertGreater(len(fonts), 2)
        for font in fonts[2:]:
            self.assertEqual(font[embedded:embedded + 3], "yes", font)

        run("pdftoppm", "-r", "200", "-png", pdf, self.folder / "page")  # an office printer's
        self.assertEqual(run("zbarimg", "-q", "--raw", *self.folder.glob("page*.png")).decode(),
                         CODE)

    def test_without_a_japanese_font_nothing_is_printed(self):
        fonts = [line.split(":")[0] for line in run("fc-list", ":lang=en").decode().splitlines()]
        japanese = {line.split(":")[0] for line in run("fc-list", ":lang=ja").decode().splitlines()}
        latin = next((path for path in fonts if path not in japanese), None)
        if latin is None:
            self.skipTest("every font of this machine is Japanese")
        (self.folder / "fonts").mkdir()
        shutil.copy(latin, self.folder / "fonts")
        settings = self.folder / "fonts.conf"
        settings.write_text(f"<fontconfig><dir>{self.folder}/fonts</dir>"
                            f"<cachedir>{self.folder}/cache</cachedir></fontconfig>")
        refused = self.print_card(env={**os.environ, "FONTCONFIG_FILE": str(settings)})
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("no font of this machine has all characters of", refused.stderr.decode())
        self.assertIn("install a Japanese font", refused.stderr.decode())
        self.assertFalse((self.folder / "card.pdf").exists())


if __name__ == "__main__":
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        print(f"skipped: no {', '.join(missing)}")
        sys.exit(SKIPPED)
    PRINT_CARD = sys.argv.pop(1)
    unittest.main()
