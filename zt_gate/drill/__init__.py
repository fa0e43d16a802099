"""Known evasion techniques, tried on zt-gate, with harmless changes that look similar.

``cases/*.toml`` holds the cases that only change files.  A case that needs a
repository in a certain state is a function in one of the modules here.  Keys and
attack texts are assembled when the drill runs, so that no file contains one.
"""
