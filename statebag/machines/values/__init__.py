"""What a state does to values, in one form for JSONPath and JSONata: paths and expressions."""
