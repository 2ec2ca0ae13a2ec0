extension PreparedFit {
  /// The network of a run as a model; the rows of the test give it the intervals that are asked for.
  package func modelWithIntervals(pool: ThreadPool?) -> Model {
    guard let level = configuration.stopping.interval, case .memory(let rows)? = test else {
      return model
    }
    let outputs = network.predictions(for: rows.inputs, pool: pool)
    return model.withIntervals(
      level: level, isOfFolds: false, judged: [(outputs, rows.targets)])
  }

  /// The members of an ensemble as one model; the rows that each did not learn from give it the intervals that
  /// are asked for.
  package func model(of ensemble: EnsembleFit<T>) -> Model {
    let model = model(of: ensemble.members, ensemble.configuration)
    guard let level = configuration.stopping.interval, case .memory(let data) = training else {
      return model
    }
    return model.withIntervals(
      level: level, isOfFolds: true,
      judged: ensemble.judged.map { ($0.outputs, data.targets.gathered($0.rows)) })
  }
}
