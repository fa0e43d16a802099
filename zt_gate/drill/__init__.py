"""The drill: known ways around a gate, tried on this one, beside their honest twins.

``cases/*.toml`` are changes of files; what needs a repository in a certain
state is a function in one of the modules here.  Nothing in this folder holds a
key or a whole attack text: they are put together when the drill runs.
"""
