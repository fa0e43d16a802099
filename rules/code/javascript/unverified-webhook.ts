// ruleid: javascript-unverified-webhook
app.post("/webhooks/stripe", express.json(), async (req, res) => {
  await handle(req.body);
  res.sendStatus(200);
});
// ok: javascript-unverified-webhook
app.post("/webhooks/stripe", express.raw({ type: "*/*" }), async (req, res) => {
  await handle(stripe.webhooks.constructEvent(req.body, req.headers["stripe-signature"], key));
  res.sendStatus(200);
});
// ok: javascript-unverified-webhook
app.post("/orders", async (req, res) => {
  await save(req.body);
});
// ruleid: javascript-unverified-webhook
export async function POST(request: Request) {
  const event = await request.json();
  if (event.type === "checkout.session.completed") await activate(event);
  return new Response("ok");
}
