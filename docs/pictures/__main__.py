"""Writes the pictures beside this file."""

from docs.pictures import PICTURES


def main() -> None:
    """Write all of them."""
    for picture in PICTURES:
        picture.FILE.write_text(picture.draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
