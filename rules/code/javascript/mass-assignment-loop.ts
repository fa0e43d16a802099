router.patch("/account", async (req, res) => {
  for (const key of Object.keys(req.body)) {
    // ruleid: javascript-mass-assignment-loop
    account[key] = req.body[key];
  }
  Object.entries(req.body).forEach(([field, value]) => {
    // ruleid: javascript-mass-assignment-loop
    user[field] = value;
  });
  for (const key of EDITABLE) {
    // ok: javascript-mass-assignment-loop
    account[key] = req.body[key];
  }
  for (const key of Object.keys(req.body)) {
    if (!EDITABLE.includes(key)) continue;
    // ok: javascript-mass-assignment-loop
    account[key] = req.body[key];
  }
});
