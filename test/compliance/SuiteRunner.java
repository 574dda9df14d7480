// Runs Smack's integration test framework and writes one line of JSON for each test method as soon as the framework
// is done, or for those that had run when one of them ended it. Works with every version of the framework: what
// differs between them (the result object, the debugger) is not touched.
import java.io.PrintWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.igniterealtime.smack.inttest.Configuration;
import org.igniterealtime.smack.inttest.FailedTest;
import org.igniterealtime.smack.inttest.SmackIntegrationTestFramework;
import org.igniterealtime.smack.inttest.SmackIntegrationTestFramework.TestRunResult;
import org.igniterealtime.smack.inttest.SuccessfulTest;
import org.igniterealtime.smack.inttest.TestNotPossible;
import org.igniterealtime.smack.inttest.annotations.SmackIntegrationTest;
import org.igniterealtime.smack.inttest.annotations.SpecificationReference;

public final class SuiteRunner {
    private static volatile String running = "";

    public static void main(String[] args) throws Exception {
        watchStarts();
        SmackIntegrationTestFramework framework =
            new SmackIntegrationTestFramework(Configuration.newConfiguration(new String[0]));
        Throwable end = null;
        try {
            framework.run();
        } catch (Throwable thrown) {
            // A RuntimeException in a test ends the framework; what ran before is still a result.
            end = thrown;
            thrown.printStackTrace();
        }
        // Not public, and a subclass would hide fields that tests read by reflection.
        Field field = SmackIntegrationTestFramework.class.getDeclaredField("testRunResult");
        field.setAccessible(true);
        try (PrintWriter out = new PrintWriter(args[0], StandardCharsets.UTF_8)) {
            write(out, (TestRunResult) field.get(framework));
            out.println(end == null ? "{\"ended\":true}"
                : "{\"aborted\":" + quoted(running) + ",\"why\":" + quoted(String.valueOf(end)) + "}");
        }
        // Threads of the library would keep the process.
        System.exit(0);
    }

    private static void write(PrintWriter out, TestRunResult result) {
        if (result == null) return;
        for (SuccessfulTest test : result.getSuccessfulTests())
            line(out, test.concreteTest.getMethod(), "passed", null);
        for (FailedTest test : result.getFailedTests())
            line(out, test.concreteTest.getMethod(), "failed", String.valueOf(test.failureReason));
        for (TestNotPossible test : result.getNotPossibleTests())
            line(out, test.concreteTest.getMethod(), "impossible", test.testNotPossibleException.getMessage());
        for (Map.Entry<?, Throwable> entry : result.getImpossibleTestClasses().entrySet())
            for (Method method : ((Class<?>) entry.getKey()).getMethods())
                if (method.isAnnotationPresent(SmackIntegrationTest.class))
                    line(out, method, "impossible", entry.getValue().getMessage());
    }

    private static void line(PrintWriter out, Method method, String outcome, String note) {
        Class<?> of = method.getDeclaringClass();
        SpecificationReference specification = of.getAnnotation(SpecificationReference.class);
        out.println("{\"class\":" + quoted(of.getName())
            + ",\"method\":" + quoted(method.getName())
            + ",\"specification\":" + quoted(specification == null ? "" : specification.document())
            + ",\"section\":" + quoted(sectionOf(method))
            + ",\"outcome\":" + quoted(outcome)
            + ",\"note\":" + quoted(note == null ? "" : note) + "}");
    }

    /** Older versions of the annotation have no section. */
    private static String sectionOf(Method method) {
        try {
            SmackIntegrationTest annotation = method.getAnnotation(SmackIntegrationTest.class);
            return (String) SmackIntegrationTest.class.getMethod("section").invoke(annotation);
        } catch (ReflectiveOperationException none) {
            return "";
        }
    }

    /** The framework says which test begins in its log alone. */
    private static void watchStarts() {
        Logger logger = Logger.getLogger(SmackIntegrationTestFramework.class.getName());
        logger.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                String message = record.getMessage();
                if (message != null && message.endsWith(" Start"))
                    running = message.substring(0, message.indexOf(' '));
            }

            @Override
            public void flush() { }

            @Override
            public void close() { }
        });
        KEPT[0] = logger;
    }

    /** A logger that nobody holds is collected, with its handler. */
    private static final Logger[] KEPT = new Logger[1];

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < 0x20 || c > 0x7e) quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
