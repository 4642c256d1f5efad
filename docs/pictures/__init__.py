"""Pictures of the documentation, drawn from what stands here; `make pictures` draws them anew."""
