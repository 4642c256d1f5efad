"""JSON Schemas of what the product takes, answers and stores. `make schemas` writes them."""
