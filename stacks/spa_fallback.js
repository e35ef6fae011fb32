// Serve /index.html for every path of the single page, such as /c/general. A path with a file name is unchanged.
function handler(event) {
  var request = event.request;
  var lastPart = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (lastPart.indexOf('.') === -1) {
    request.uri = '/index.html';
  }
  return request;
}
