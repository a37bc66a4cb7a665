// form[data-progress] is sent by XMLHttpRequest, the only way to learn how much of the upload is done.
import { each, on, text } from './dom.js'
import { htmx } from './htmx.js'
import { release } from './submit.js'
import { showToast } from './toast.js'

function showProgress(form, { loaded, total }) {
  const percent = Math.floor((100 * loaded) / total)
  form.querySelector('[data-upload] progress').value = percent
  form.querySelector('[data-upload-text]').textContent = text('uploaded').replace('{percent}', percent)
}

function finish(form) {
  form.querySelector('[data-upload]').hidden = true
  release(form)
}

/** A refused upload is answered with the same page: its form takes the place of ours. */
function replaceForm(form, html) {
  const answered = new DOMParser().parseFromString(html, 'text/html')
  const fresh = form.id ? answered.getElementById(form.id) : answered.querySelector('form[data-progress]')
  if (!fresh) return false
  form.replaceWith(fresh)
  htmx.process(fresh)
  return true
}

function receive(form, request) {
  finish(form)
  if (request.status < 400) return location.assign(request.getResponseHeader('HX-Redirect') ?? request.responseURL)
  if (!replaceForm(form, request.responseText)) showToast({ kind: 'danger', message: text('failed') })
}

function send(form, submitter) {
  const request = new XMLHttpRequest()
  request.upload.addEventListener('progress', (event) => event.lengthComputable && showProgress(form, event))
  request.addEventListener('load', () => receive(form, request))
  request.addEventListener('abort', () => finish(form))
  request.addEventListener('error', () => {
    finish(form)
    showToast({ kind: 'danger', message: text('offline') })
  })
  form.querySelector('[data-upload]').hidden = false
  form.querySelector('[data-upload-stop]').onclick = () => request.abort()
  request.open('POST', form.action)
  request.send(new FormData(form, submitter))
}

each('form[data-progress]', (form) => { form.querySelector('[data-upload]').hidden = true })
on('submit', 'form[data-progress]', (event, form) => {
  event.preventDefault()
  send(form, event.submitter)
})
