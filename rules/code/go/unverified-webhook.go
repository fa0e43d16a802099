package main

// ruleid: go-unverified-webhook
func githubWebhook(w http.ResponseWriter, r *http.Request) {
	var event Event
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		return
	}
	deploy(event.After)
}

// ok: go-unverified-webhook
func stripeWebhook(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	event, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), key)
	activate(event, err)
}

// ok: go-unverified-webhook
func createWebhook(w http.ResponseWriter, r *http.Request) {
	var hook Hook
	json.NewDecoder(r.Body).Decode(&hook)
	store(hook)
}
