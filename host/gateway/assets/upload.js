// Shows how far an upload is. A form with data-upload holds a hidden <progress> and its words; data-sent is what is
// said once all has arrived. Without this script the browser sends the form by itself, and says nothing meanwhile.
'use strict';

function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const shown = form.querySelector('[data-progress]');
  const bar = shown.querySelector('progress');
  const figure = shown.querySelector('[data-figure]');
  const button = form.querySelector('button');
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
    // What was taken in leads to its submission; a refusal is a page of its own.
    if (request.status < 400) location.assign(request.responseURL);
    else show(request.responseText);
  });
  // The session may have ended, which leads to another host: the browser goes there by itself.
  request.addEventListener('error', () => form.submit());
  request.open('POST', form.action);
  request.setRequestHeader('Accept', 'text/html');
  request.send(new FormData(form));
  shown.hidden = false;
  button.disabled = true;
}

function show(html) {
  const page = new DOMParser().parseFromString(html, 'text/html').documentElement;
  document.documentElement.replaceWith(document.adoptNode(page));
  watch();
  document.getElementById('main')?.focus();
}

function watch() {
  for (const form of document.querySelectorAll('form[data-upload]')) form.addEventListener('submit', send);
}

watch();
