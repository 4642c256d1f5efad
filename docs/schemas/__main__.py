"""Writes the JSON Schemas beside this file, and removes those of what there is no more."""

from docs.schemas.catalogue import FOLDER, all_files


def main() -> None:
    """Write every file of the catalogue."""
    files = all_files()
    for path in FOLDER.glob("*/*.json"):
        if path.relative_to(FOLDER).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
