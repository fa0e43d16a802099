# ruleid: python-cors-any-origin
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
# ruleid: python-cors-any-origin
response.headers["Access-Control-Allow-Origin"] = "*"
# ok: python-cors-any-origin
app.add_middleware(CORSMiddleware, allow_origins=["https://example.org"])
# ok: python-cors-any-origin
response.headers["Access-Control-Allow-Origin"] = "https://example.org"
