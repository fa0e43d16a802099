import hmac

# ruleid: python-timing-comparison
hmac.new(key, data, "sha256").hexdigest() == given
# ruleid: python-timing-comparison
signature == given
# ok: python-timing-comparison
hmac.compare_digest(signature, given)
# ok: python-timing-comparison
signature == None
# ok: python-timing-comparison
name == given
