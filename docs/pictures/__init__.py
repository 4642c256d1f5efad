"""Pictures of the documentation, drawn from what stands here; `make pictures` draws them."""

from typing import Final

from docs.pictures import bag, journey, machine, overview, parts

PICTURES: Final = (bag, journey, machine, overview, parts)
