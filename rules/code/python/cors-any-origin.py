# ruleid: python-cors-any-origin
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
# ruleid: python-cors-any-origin
response.headers["Access-Control-Allow-Origin"] = "*"
# ok: python-cors-any-origin
app.add_middleware(CORSMiddleware, allow_origins=["https://example.org"])
# ok: python-cors-any-origin
response.headers["Access-Control-Allow-Origin"] = "https://example.org"


def reflected(response):
    origin = request.headers.get("Origin")
    # ruleid: python-cors-any-origin
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"


def listed(response):
    origin = request.headers.get("Origin")
    if origin in ALLOWED:
        # ok: python-cors-any-origin
        response.headers["Access-Control-Allow-Origin"] = origin


# ruleid: python-cors-any-origin
app.add_middleware(CORSMiddleware, allow_credentials=True, allow_origin_regex=".*")
# ok: python-cors-any-origin
app.add_middleware(CORSMiddleware, allow_credentials=True, allow_origins=["https://example.com"])
# ruleid: python-cors-any-origin
app.add_middleware(CORSMiddleware, allow_credentials=True, allow_methods=["*"], allow_origins=["*"])
