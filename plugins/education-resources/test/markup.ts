/** What every page must hold, as far as its text shows it: one heading, ids that are there once, labels, no inline script or style. */
import assert from "node:assert/strict";

const all = (html: string, of: RegExp): string[] => [...html.matchAll(of)].map((m) => m[1] ?? m[0]);

/** @throws an assertion that says what is wrong with a page */
export function checkPage(html: string, where: string): void {
  const body = html.replace(/<!--[^]*?-->/g, "");
  assert.equal(all(body, /<h1[ >]/g).length, 1, `${where}: one h1`);
  const ids = all(body, / id="([^"]*)"/g);
  assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), [], `${where}: ids that are there twice`);
  for (const id of [...all(body, /<label[^>]* for="([^"]*)"/g), ...all(body, /aria-describedby="([^"]*)"/g).flatMap((d) => d.split(" ")), ...all(body, /aria-labelledby="([^"]*)"/g)]) {
    assert.ok(ids.includes(id), `${where}: nothing has the id ${id}`);
  }
  for (const link of all(body, /href="#([^"]+)"/g)) assert.ok(ids.includes(decodeURIComponent(link)), `${where}: nothing is at #${link}`);
  const labels = new Set(all(body, /<label[^>]* for="([^"]*)"/g));
  for (const control of all(body, /<(?:input|select|textarea)[^>]*>/g)) {
    if (/type="hidden"/.test(control)) continue;
    const id = / id="([^"]*)"/.exec(control)?.[1];
    const inLabel = body.slice(0, body.indexOf(control)).lastIndexOf("<label") > body.slice(0, body.indexOf(control)).lastIndexOf("</label");
    assert.ok(inLabel || /aria-label=/.test(control) || (id !== undefined && labels.has(id)), `${where}: no label for ${control}`);
  }
  for (const img of all(body, /<img[^>]*>/g)) assert.match(img, / alt="/, `${where}: ${img}`);
  assert.doesNotMatch(body, / style="| on[a-z]+="|<style/, `${where}: inline style or handler`);
  for (const script of all(body, /<script[^>]*>[^]*?<\/script>/g)) assert.match(script, /^<script[^>]* src="[^"]+"[^>]*><\/script>$/, `${where}: ${script}`);
  assert.doesNotMatch(body, /undefined|\[object Object\]|NaN/, where);
}
