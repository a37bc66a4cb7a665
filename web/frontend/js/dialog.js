// Links with data-dialog open in the dialog; forms with data-confirm ask first. Focus returns to the opener by itself.
import { on } from './dom.js'
import { htmx } from './htmx.js'
import { GUARDS } from './request.js'

const dialog = document.getElementById('dialog')
const body = document.getElementById('dialog-body')
const confirm = document.getElementById('confirm')

export async function openDialog(url) {
  await htmx.ajax('GET', url, { target: '#dialog-body', swap: 'innerHTML' })
  if (!body.firstElementChild) return
  document.querySelectorAll('dialog[open]').forEach((other) => other !== dialog && other.close())
  if (!dialog.open) dialog.showModal()
  const first = body.querySelector('[autofocus], .field input:not([type=hidden]), .field select, .field textarea')
  first?.focus()
}

const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button)

on('click', 'a[data-dialog]', (event, link) => {
  if (!plain(event) || !dialog) return
  event.preventDefault()
  openDialog(link.href)
})

on('click', 'button[data-dialog][formaction]', (event, button) => {
  event.preventDefault()
  const query = new URLSearchParams(new FormData(button.form))
  GUARDS.forEach((name) => query.delete(name))
  openDialog(`${button.getAttribute('formaction')}?${query}`)
})

on('click', '[data-close]', (_event, button) => button.closest('dialog')?.close())

// A press that both starts and ends on the backdrop closes; dragging a selection out of a field does not.
let pressed = null
document.addEventListener('pointerdown', ({ target }) => { pressed = target })
document.addEventListener('click', ({ target }) => {
  if (target instanceof HTMLDialogElement && target === pressed && target !== confirm) target.close()
})

dialog?.addEventListener('close', () => body.replaceChildren())
document.addEventListener('crm:close-dialog', () => dialog?.close())
document.addEventListener('crm:reload', () => location.reload())

on('submit', 'form[data-confirm]', (event, form) => {
  if (form.dataset.confirmed) return void delete form.dataset.confirmed
  event.preventDefault()
  event.stopImmediatePropagation()
  document.getElementById('confirm-text').textContent = form.dataset.confirm
  confirm.querySelector('[data-confirm-yes]').textContent = event.submitter?.textContent.trim() || form.dataset.confirm
  confirm.returnValue = 'no'
  confirm.showModal()
  confirm.addEventListener('close', () => {
    if (confirm.returnValue !== 'yes') return
    form.dataset.confirmed = 'yes'
    form.requestSubmit(event.submitter)
  }, { once: true })
}, { capture: true })
