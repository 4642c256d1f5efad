"""The embedded cloud: the real template, deployed and run on this machine.

moto serves the AWS APIs on a loopback port; `sam build` and AWS's own SAM translator make the
stack; AWS's Runtime Interface Emulator runs the built functions. What moto lacks is added in
`bridges`, one gap per module, and nowhere else. Linux only, as the emulator is.
"""
