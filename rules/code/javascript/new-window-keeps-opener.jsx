// ruleid: javascript-new-window-keeps-opener
const a = <a target="_blank" href={url}>x</a>;
// ok: javascript-new-window-keeps-opener
const b = <a target="_blank" rel="noopener" href={url}>x</a>;
// ok: javascript-new-window-keeps-opener
const c = <a href={url}>x</a>;
