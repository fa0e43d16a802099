export async function loadImage(imageUrl: string) {
  // ruleid: javascript-ssrf-argument
  return fetch(imageUrl);
}

export async function loadChecked(imageUrl: string) {
  if (!HOSTS.includes(new URL(imageUrl).hostname)) throw new Error("host");
  // ok: javascript-ssrf-argument
  return fetch(imageUrl);
}

export async function loadItem(id: string) {
  // ok: javascript-ssrf-argument
  return fetch(`https://api.example.com/items/${id}`);
}
