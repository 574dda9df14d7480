// Lint rule: an XML element of @xmpp/xml never turns into a string by itself (xml/writer.ts is the one writer).

/** @type {import('eslint').Rule.RuleModule} */
export const noElementToString = {
  meta: {
    type: 'problem',
    messages: { use: 'ltx writes XML unlike our writer: use element() of xml/writer.ts.' },
    schema: [],
  },
  create(context) {
    const { program, esTreeNodeToTSNodeMap } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();

    /** Whether any part of the expression's type is a class or interface named Element. */
    const isElement = (node) => {
      const type = checker.getTypeAtLocation(esTreeNodeToTSNodeMap.get(node));
      return (type.isUnion() ? type.types : [type]).some(
        (part) => part.getSymbol()?.getName() === 'Element',
      );
    };
    const check = (node) => {
      if (isElement(node)) context.report({ node, messageId: 'use' });
    };

    return {
      'CallExpression[callee.property.name="toString"]': (node) => check(node.callee.object),
      'CallExpression[callee.name="String"][arguments.length=1]': (node) =>
        check(node.arguments[0]),
      'TemplateLiteral > .expressions': check,
      'BinaryExpression[operator="+"] > .left': check,
      'BinaryExpression[operator="+"] > .right': check,
    };
  },
};
