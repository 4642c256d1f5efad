"""What moto lacks of Maps, inline and distributed, one gap per module."""
