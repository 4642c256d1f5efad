"""Maps and lists of the state that are read as they are touched.

Uses: everything from values to bag.
Others use: `MapView`, `ListView` and `plain`; `Needs` for what is read in advance.
"""
