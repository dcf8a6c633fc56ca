"""Fetch the vendored static files again: `python -m kacang.web.design.refresh`.

Only for upgrading a version; a fresh machine needs none of this, the files are committed.
`icons.txt` lists the icons of the sprite: add a name there, then run this.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "static"
VENDOR = STATIC / "vendor"
BROWSER_VENDOR = HERE.parents[3] / "tests" / "browser" / "vendor"
ICON_NAMES = HERE / "icons.txt"
SPRITE = STATIC / "kacang" / "icons.svg"
SOURCE_MAP = re.compile(r"\n?(/\*# sourceMappingURL=\S+ \*/|//# sourceMappingURL=\S+)\s*$")


@dataclass(frozen=True, slots=True)
class Part:
    """One package and the files that are taken from it."""

    package: str
    version: str
    licence: str
    files: tuple[str, ...]
    home: Path = VENDOR

    @property
    def folder(self) -> Path:
        """Where its files are kept."""
        return self.home / f"{self.package.split('/')[-1]}-{self.version}"


BOOTSTRAP = Part("bootstrap", "5.3.9", "MIT", ("dist/css/bootstrap.min.css", "LICENSE"))
ECHARTS = Part(
    "echarts",
    "6.1.0",
    "Apache-2.0",
    ("dist/echarts.common.min.js", "LICENSE", "NOTICE", "licenses/LICENSE-d3"),
)
ICONS = Part("@tabler/icons", "3.51.0", "MIT", ("LICENSE",))
AXE = Part(
    "axe-core",
    "4.14.1",
    "MPL-2.0",
    ("axe.min.js", "LICENSE", "LICENSE-3RD-PARTY.txt"),
    BROWSER_VENDOR,
)
PARTS = (BOOTSTRAP, ECHARTS, ICONS, AXE)


def icon_names() -> list[str]:
    """Return the names of the icons that the sprite must hold."""
    return ICON_NAMES.read_text().split()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sprite(folder: Path, names: Iterable[str]) -> str:
    """Build one SVG of symbols `i-name` from the outline icons in `folder`."""
    symbols = []
    for name in names:
        text = (folder / f"{name}.svg").read_text()
        paths = re.findall(r"<(?:path|circle|rect|line|polyline)\b[^>]*/>", text)
        shapes = "".join(" ".join(path.split()) for path in paths if 'stroke="none"' not in path)
        symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{shapes}</symbol>\n')
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{"".join(symbols)}</svg>\n'


def _unpack(part: Part, folder: Path) -> Path:
    packed = subprocess.run(  # noqa: S603 - constant arguments
        ["npm", "pack", "--silent", f"{part.package}@{part.version}"],  # noqa: S607 - found by PATH
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[-1]
    with tarfile.open(folder / packed) as archive:
        archive.extractall(folder / part.version, filter="data")
    return folder / part.version / "package"


def _keep(part: Part, source: Path) -> None:
    shutil.rmtree(part.folder, ignore_errors=True)
    part.folder.mkdir(parents=True)
    for name in part.files:
        target = part.folder / Path(name).name
        # The source maps are not kept, and static storage refuses a reference to a missing file.
        target.write_text(SOURCE_MAP.sub("\n", (source / name).read_text()))


def _describe(part: Part) -> dict[str, object]:
    return {
        "name": part.folder.name.rsplit("-", 1)[0],
        "version": part.version,
        "licence": part.licence,
        "package": part.package,
        "files": {path.name: digest(path) for path in sorted(part.folder.iterdir())},
    }


def main() -> None:
    """Fetch every part, build the sprite and write what was kept to vendor.json."""
    for part in PARTS:
        with tempfile.TemporaryDirectory() as temporary:
            source = _unpack(part, Path(temporary))
            _keep(part, source)
            if part is ICONS:
                SPRITE.parent.mkdir(parents=True, exist_ok=True)
                SPRITE.write_text(sprite(source / "icons" / "outline", icon_names()))
    for home in (VENDOR, BROWSER_VENDOR):
        kept = [_describe(part) for part in PARTS if part.home == home]
        (home / "vendor.json").write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
