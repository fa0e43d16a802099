router.get("/users", requireAdmin, (req, res) => res.json(list()));
router.post("/users", requireAdmin, (req, res) => res.json(add(req.body)));
// ruleid: javascript-missing-authentication
router.delete("/users/:id", (req, res) => {
  remove(req.params.id);
});
// ok: javascript-missing-authentication
router.put("/users/:id", requireAdmin, (req, res) => {
  change(req.params.id);
});
// ok: javascript-missing-authentication
router.post("/login", (req, res) => {
  login(req.body);
});
