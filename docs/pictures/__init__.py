"""Pictures of the documentation, drawn from what stands here; `make pictures` draws them anew."""

from typing import Final

from docs.pictures import journey, overview

PICTURES: Final = (journey, overview)
