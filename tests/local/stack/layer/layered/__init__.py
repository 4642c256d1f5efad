"""What the layer brings."""

VALUE = "from the layer"
