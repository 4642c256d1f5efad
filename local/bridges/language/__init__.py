"""What moto's interpreter lacks of the Amazon States Language, one gap per module.

https://states-language.net/spec.html
"""
