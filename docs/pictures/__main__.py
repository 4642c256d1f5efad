"""Writes the pictures beside this file."""

from docs.pictures.journey import FILE, draw


def main() -> None:
    """Write the one picture there is."""
    FILE.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
