import Backprop

/// One step of backpropagation as the view Step of the page has it: the document of `explain --json`, and what things are
/// called.
///
///     {"schema":"backprop.page/1","language":"en","model":"…","data":"…","inputNames":[…],"outputNames":[…],
///      "truth":[…]|null,"predicted":[…]|null,"nudges":[{"layer":2,"changes":[…],"losses":[[…]]}]|null,"trace":{…}}
///
/// `truth` and `predicted` are labels, one an example. `nudges` is what `DeltaExperiment` measured.
package struct StepPage<T: Scalar> {
  package let explanation: ExplainJSON<T>
  package let language: Language
  package let modelName: String
  package let dataName: String
  package let coders: ModelData
  /// Null of a page behind which an engine stands that can be asked.
  package var nudges: JSONValue = .null

  package init(
    _ explanation: ExplainJSON<T>, _ language: Language, model: String, data: String,
    coders: ModelData
  ) {
    self.explanation = explanation
    self.language = language
    (modelName, dataName) = (model, data)
    self.coders = coders
  }

  /// The document, in which no "<" stands.
  package var json: String {
    let trace = explanation.trace
    let labels = labels
    let head: JSONValue = [
      "schema": "backprop.page/1", "language": .string(language.rawValue),
      "model": .string(modelName.shown()), "data": .string(dataName.shown()),
      "inputNames": JSONValue(
        names(coders.encoder?.outputNames ?? [], count: trace.inputs.columns)),
      "outputNames": JSONValue(outputNames),
      "truth": labels.map { JSONValue($0.truth) } ?? .null,
      "predicted": labels.map { JSONValue($0.predicted) } ?? .null, "nudges": nudges,
    ]
    // Written as text, for a trace may have millions of numbers.
    return (head.description.dropLast() + ",\"trace\":" + explanation.text + "}")
      .replacing("<", with: "\\u003c")
  }

  /// Names of the outputs as far as they have any.
  private var outputNames: [String] {
    let (target, count) = (coders.target, explanation.trace.targets.columns)
    if target.task == .classification {
      return names(
        target.labels.count == 2 && count == 1 ? [target.labels[1]] : target.labels, count: count)
    }
    return names(target.columns, count: count)
  }

  private func names(_ names: [String], count: Int) -> [String] {
    names.count == count ? names.map { $0.shown() } : []
  }

  /// What the examples are, and what the model says they are.
  private var labels: (truth: [String], predicted: [String])? {
    let trace = explanation.trace
    guard coders.target.task == .classification, let last = trace.layers.last,
      let predicted = try? coders.target.decode(last.outputs),
      let truth = try? coders.target.decode(trace.targets)
    else { return nil }
    let rows = trace.examples.indices
    return (rows.map { truth.text(row: $0).shown() }, rows.map { predicted.text(row: $0).shown() })
  }

  /// The page as one file that needs nothing beside it: its modules stand in it, one behind the other, for a browser loads
  /// none from a disk.
  package var html: String {
    let files = PageFile.all
    let style = files.first { $0.name == "style.css" }?.text ?? ""
    let script = PageFile.ofOneFile.map { PageFile.joined($0.text) }.joined(separator: "\n")
    return """
      <!doctype html>
      <html lang="\(language.rawValue)">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>Backpropagation</title>
      <style>
      \(style)</style>
      </head>
      <body>
      <noscript>This page draws itself with JavaScript, which is switched off here.</noscript>
      <script type="application/json" id="page-data">\(json)</script>
      <script type="module">
      \(script)</script>
      </body>
      </html>

      """
  }
}

extension PageFile {
  /// The modules of the page in one file, the last of which begins it; those behind it are the server's.
  static var ofOneFile: [PageFile] {
    let modules = all.filter { $0.name.hasSuffix(".js") }
    let last = modules.firstIndex { $0.name == "file.js" } ?? modules.endIndex - 1
    return Array(modules[...last])
  }

  /// The text of a module among others in one: it imports and exports nothing.
  static func joined(_ module: String) -> String {
    module.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix("import ") }
      .map { $0.hasPrefix("export ") ? $0.dropFirst("export ".count) : $0 }
      .joined(separator: "\n")
  }
}
