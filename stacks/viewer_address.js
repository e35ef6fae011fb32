// Add the address of the viewer for the web ACL of the REST API. A value that the viewer sent is replaced.
function handler(event) {
  event.request.headers['x-parley-viewer'] = { value: event.viewer.ip };
  return event.request;
}
