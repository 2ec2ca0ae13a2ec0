/// The page behind which a server stands.
package enum StudioPage {
  /// - Parameter token: What the page's requests that change something bring.
  package static func html(token: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="studio-token" content="\(token)">
    <title>Backpropagation</title>
    <link rel="stylesheet" href="/style.css">
    <script type="module" src="/studio.js"></script>
    </head>
    <body><noscript>This page draws itself with JavaScript, which is switched off here.</noscript></body>
    </html>

    """
  }
}
