"""What moto lacks of AWS, one gap per module.

Each `install(stack, ...)` replaces parts of moto until the given `ExitStack` closes. The modules
cite the behaviour of AWS that they add.
"""
