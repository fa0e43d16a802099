# ruleid: python-identity-comparison
if name is "admin":
    pass

# ruleid: python-identity-comparison
found = count is 3
# ok: python-identity-comparison
if name is None:
    pass

# ok: python-identity-comparison
found = name == "admin"
