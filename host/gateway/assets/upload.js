// Shows how far an upload is, and what broke it. A form with data-upload holds a hidden <progress> and its words: data-sent is
// said once all has arrived, data-broken when the line broke, data-failed when the server answered with something else than a
// page of this form. What was chosen stays chosen then, to be sent again. Without this script the browser sends the form by
// itself, and says nothing meanwhile.
'use strict';

function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const shown = form.querySelector('[data-progress]');
  const bar = shown.querySelector('progress');
  const figure = shown.querySelector('[data-figure]');
  const request = new XMLHttpRequest();
  request.upload.addEventListener('progress', ({ lengthComputable, loaded, total }) => {
    if (!lengthComputable) return;
    bar.max = total;
    bar.value = loaded;
    figure.textContent = `${Math.floor((loaded / total) * 100)} %`;
  });
  request.upload.addEventListener('load', () => {
    bar.removeAttribute('value');
    figure.textContent = '';
    shown.querySelector('[role=status]').textContent = form.dataset.sent;
  });
  request.addEventListener('load', () => {
    // What was taken in leads to its submission.
    if (request.status < 400) location.assign(request.responseURL);
    else refused(form, request);
  });
  request.addEventListener('error', () => broken(form));
  request.open('POST', form.action);
  request.setRequestHeader('Accept', 'text/html');
  request.send(new FormData(form));
  form.querySelector('[data-problem]')?.remove();
  shown.hidden = false;
  form.querySelector('button').disabled = true;
}

// A refusal is this page again with its reason above the form. Anything else, such as the page of a proxy, leaves the form as it
// is.
function refused(form, { status, responseText }) {
  const page = new DOMParser().parseFromString(responseText, 'text/html');
  if (page.querySelector('form[data-upload]')) {
    show(page.documentElement, form);
    return;
  }
  const reason = page.querySelector('#main h1')?.textContent.trim();
  again(form, `${form.dataset.failed} (${reason ? `${status}: ${reason}` : status})`);
}

// The line broke, or the session has ended: that leads to another host, where scripts may not follow, but the browser may.
async function broken(form) {
  const options = { method: 'HEAD', redirect: 'manual', headers: { Accept: 'text/html' } };
  const own = await fetch(location.href, options).catch(() => null);
  if (own?.type === 'opaqueredirect') form.submit();
  else again(form, form.dataset.broken);
}

// Says what happened, and lets the form be sent once more.
function again(form, words) {
  const problem = document.createElement('div');
  problem.className = 'notice notice-bad';
  problem.dataset.problem = '';
  problem.setAttribute('role', 'alert');
  problem.append(Object.assign(document.createElement('p'), { textContent: words }));
  const shown = form.querySelector('[data-progress]');
  shown.hidden = true;
  shown.querySelector('[role=status]').textContent = '';
  shown.querySelector('[data-figure]').textContent = '';
  shown.querySelector('progress').removeAttribute('value');
  shown.after(problem);
  const button = form.querySelector('button');
  button.disabled = false;
  button.focus();
}

function show(html, sent) {
  document.documentElement.replaceWith(document.adoptNode(html));
  for (const { name, value, type, files } of sent.elements) {
    const field = document.querySelector('form[data-upload]').elements.namedItem(name);
    if (!field) continue;
    if (type === 'file') field.files = files;
    else field.value = value;
  }
  watch();
  document.getElementById('main')?.focus();
}

function watch() {
  for (const form of document.querySelectorAll('form[data-upload]')) form.addEventListener('submit', send);
}

watch();
