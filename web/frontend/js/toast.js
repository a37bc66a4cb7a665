// Messages at the corner: from the event crm:toast {message, kind, undo}, which answers send as HX-Trigger, and from the page.
import { each, make, text } from './dom.js'
import { htmx } from './htmx.js'

const SHOWN_MS = 10_000
const MOST = 4
const box = document.getElementById('toasts')

function dismissLater(toast) {
  let timer
  const start = () => { timer = setTimeout(() => toast.remove(), SHOWN_MS) }
  const stop = () => clearTimeout(timer)
  toast.addEventListener('pointerenter', stop)
  toast.addEventListener('pointerleave', start)
  toast.addEventListener('focusin', stop)
  toast.addEventListener('focusout', start)
  start()
}

function button(className, label, action) {
  const node = make('button', className, label)
  node.type = 'button'
  node.addEventListener('click', action)
  return node
}

async function undo(toast, url) {
  toast.remove()
  await htmx.ajax('POST', url, { target: '#toasts', swap: 'none' })
}

export function showToast({ message, kind = 'success', undo: undoUrl = null }) {
  if (!box || !message) return
  const toast = make('div', `toast-line tone-${kind}`)
  toast.append(make('span', 'toast-text', message))
  if (undoUrl) {
    const back = button('btn btn-sm', text('undo'), () => undo(toast, undoUrl))
    back.dataset.undo = undoUrl
    toast.append(back)
  }
  const close = button('toast-close', '×', () => toast.remove())
  close.setAttribute('aria-label', text('close'))
  toast.append(close)
  while (box.childElementCount >= MOST) box.firstElementChild.remove()
  box.append(toast)
  dismissLater(toast)
}

document.addEventListener('crm:toast', ({ detail }) => showToast(detail))

each('[data-toast]', (line) => {
  showToast({ message: line.textContent, kind: line.dataset.toast, undo: line.dataset.undo })
  line.remove()
})
