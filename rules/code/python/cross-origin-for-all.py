# ruleid: python-cross-origin-for-all
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
# ruleid: python-cross-origin-for-all
response.headers["Access-Control-Allow-Origin"] = "*"
# ok: python-cross-origin-for-all
app.add_middleware(CORSMiddleware, allow_origins=["https://example.org"])
# ok: python-cross-origin-for-all
response.headers["Access-Control-Allow-Origin"] = "https://example.org"
