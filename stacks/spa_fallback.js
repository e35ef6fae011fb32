// Every address of the single page is the page: /c/general is shown by /index.html. A file keeps its own 404.
function handler(event) {
  var request = event.request;
  var lastPart = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (lastPart.indexOf('.') === -1) {
    request.uri = '/index.html';
  }
  return request;
}
