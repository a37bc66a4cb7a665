// Loaded only by pages that show a field with several choices.
import TomSelect from 'tom-select/base'
import removeButton from 'tom-select/dist/esm/plugins/remove_button/plugin.js'

TomSelect.define('remove_button', removeButton)

const line = (className) => (content) => {
  const node = document.createElement('div')
  node.className = className
  node.textContent = content
  return node
}

/** text(key) gives the labels; it is passed in so that this file shares no code with core.js and loads in one request. */
export function enhance(select, text) {
  // Tom Select moves the label to its own field and leaves the hidden original without one.
  select.setAttribute('aria-hidden', 'true')
  new TomSelect(select, {
    create: select.dataset.combo === 'create',
    persist: false,
    maxOptions: 200,
    plugins: ['remove_button'],
    render: {
      option_create: ({ input }) => line('create')(`${text('add')} «${input}»`),
      no_results: () => line('no-results')(text('nothing')),
    },
  })
}
