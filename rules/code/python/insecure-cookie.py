# ruleid: python-insecure-cookie
response.set_cookie("name", value)
# ruleid: python-insecure-cookie
resp.set_cookie("name", value, max_age=60)
# ok: python-insecure-cookie
response.set_cookie("name", value, secure=True, httponly=True)
# ok: python-insecure-cookie
jar.set_cookie("name", value)
