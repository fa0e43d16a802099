import re

# ruleid: python-regex-backtracking
re.compile(r"^(a+)+$")
# ruleid: python-regex-backtracking
re.match(r"(\w+\s?)*$", text)
# ok: python-regex-backtracking
re.compile(r"^a+$")
# ok: python-regex-backtracking
re.match(r"\w+", text)
