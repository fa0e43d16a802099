app.get("/a", async (req, res) => {
  // ruleid: javascript-ssrf
  await fetch(req.query.url);
});

router.get("/koa", async (ctx) => {
  // ruleid: javascript-ssrf
  await axios.get(ctx.query.url);
});

export async function GET(request) {
  // ruleid: javascript-ssrf
  await fetch(request.nextUrl.searchParams.get("url"));
}

app.get("/b", async (req, res) => {
  // ok: javascript-ssrf
  await fetch(`https://api.example.org/${req.query.id}`);
});

app.get("/c", async (req, res) => {
  // ok: javascript-ssrf
  await fetch("https://example.org");
});
