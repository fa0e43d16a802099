import os
import tempfile

# ruleid: python-insecure-temp-file
tempfile.mktemp()
# ruleid: python-insecure-temp-file
os.tempnam()
# ok: python-insecure-temp-file
tempfile.mkstemp()
# ok: python-insecure-temp-file
tempfile.NamedTemporaryFile()
