// ruleid: javascript-reverse-tabnabbing
const a = <a target="_blank" href={url}>x</a>;
// ok: javascript-reverse-tabnabbing
const b = <a target="_blank" rel="noopener" href={url}>x</a>;
// ok: javascript-reverse-tabnabbing
const c = <a href={url}>x</a>;
