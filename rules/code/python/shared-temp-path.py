# ruleid: python-shared-temp-path
open("/tmp/state", "w")
# ok: python-shared-temp-path
open("/tmp/state")
# ok: python-shared-temp-path
open("/srv/state", "w")
