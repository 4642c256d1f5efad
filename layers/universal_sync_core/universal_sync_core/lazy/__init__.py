"""Maps and lists of the state that are read when they are touched.

Uses: everything from values to bag.
Others use: `MapView`, `ListView` and `plain`; `Needs` for the parts that a worker names in advance.
"""
