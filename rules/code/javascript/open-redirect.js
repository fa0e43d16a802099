app.get("/a", (req, res) => {
  // ruleid: javascript-open-redirect
  res.redirect(req.query.next);
});

router.get("/koa", (ctx) => {
  // ruleid: javascript-open-redirect
  ctx.redirect(ctx.query.next);
});

fastify.get("/f", (request, reply) => {
  // ruleid: javascript-open-redirect
  reply.redirect(request.query.next);
});

export function GET(request) {
  // ruleid: javascript-open-redirect
  return NextResponse.redirect(request.nextUrl.searchParams.get("next"));
}

app.get("/b", (req, res) => {
  // ok: javascript-open-redirect
  res.redirect("/home");
});

app.get("/c", (req, res) => {
  const next = req.query.next;
  if (!ALLOWED.includes(next)) {
    return res.status(400).end();
  }
  // ok: javascript-open-redirect
  res.redirect(next);
});

app.get("/away", (q, r) => {
  // ruleid: javascript-open-redirect
  r.redirect(q.query.to);
});

app.get("/query", (req, res) => {
  // ok: javascript-open-redirect
  res.redirect("/login" + ("?next=" + req.query.next));
});
