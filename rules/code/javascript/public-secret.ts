// ruleid: javascript-public-secret
const admin = createClient(url, process.env.NEXT_PUBLIC_SUPABASE_SERVICE_ROLE_KEY);
// ruleid: javascript-public-secret
const key = import.meta.env.VITE_OPENAI_API_KEY;
// ok: javascript-public-secret
const anon = process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY;
// ok: javascript-public-secret
const server = process.env.SUPABASE_SERVICE_ROLE_KEY;
// ok: javascript-public-secret
const maps = import.meta.env.VITE_GOOGLE_MAPS_KEY;
